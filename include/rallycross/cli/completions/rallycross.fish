# Completion of the command rallycross; made by: python -m rallycross.cli.commands.completion
complete -c rallycross -f -n '__fish_use_subcommand' -a 'demo plan run gate scenarios cloud verify results clean up down status logs doctor test bench completion'
complete -c rallycross -n '__fish_seen_subcommand_from demo' -l cloud-spec
complete -c rallycross -n '__fish_seen_subcommand_from demo' -l concurrency
complete -c rallycross -n '__fish_seen_subcommand_from demo' -l destroy
complete -c rallycross -n '__fish_seen_subcommand_from demo' -l help
complete -c rallycross -n '__fish_seen_subcommand_from demo' -l task
complete -c rallycross -n '__fish_seen_subcommand_from demo' -l task-args
complete -c rallycross -n '__fish_seen_subcommand_from demo' -l verification
complete -c rallycross -n '__fish_seen_subcommand_from plan' -l cloud
complete -c rallycross -n '__fish_seen_subcommand_from plan' -l help
complete -c rallycross -n '__fish_seen_subcommand_from plan' -l json
complete -c rallycross -n '__fish_seen_subcommand_from plan' -l task-args
complete -c rallycross -n '__fish_seen_subcommand_from plan' -l task-args-file
complete -c rallycross -n '__fish_seen_subcommand_from run' -l abort-on-sla-failure
complete -c rallycross -n '__fish_seen_subcommand_from run' -l cloud
complete -c rallycross -n '__fish_seen_subcommand_from run' -l drain
complete -c rallycross -n '__fish_seen_subcommand_from run' -l help
complete -c rallycross -n '__fish_seen_subcommand_from run' -l task-args
complete -c rallycross -n '__fish_seen_subcommand_from run' -l task-args-file
complete -c rallycross -n '__fish_seen_subcommand_from run' -l timing
complete -c rallycross -n '__fish_seen_subcommand_from gate' -l abort-on-sla-failure
complete -c rallycross -n '__fish_seen_subcommand_from gate' -l baseline
complete -c rallycross -n '__fish_seen_subcommand_from gate' -l cloud
complete -c rallycross -n '__fish_seen_subcommand_from gate' -l drain
complete -c rallycross -n '__fish_seen_subcommand_from gate' -l even-invalid
complete -c rallycross -n '__fish_seen_subcommand_from gate' -l false-discoveries
complete -c rallycross -n '__fish_seen_subcommand_from gate' -l first-passes
complete -c rallycross -n '__fish_seen_subcommand_from gate' -l help
complete -c rallycross -n '__fish_seen_subcommand_from gate' -l json
complete -c rallycross -n '__fish_seen_subcommand_from gate' -l junit
complete -c rallycross -n '__fish_seen_subcommand_from gate' -l last
complete -c rallycross -n '__fish_seen_subcommand_from gate' -l markdown
complete -c rallycross -n '__fish_seen_subcommand_from gate' -l task-args
complete -c rallycross -n '__fish_seen_subcommand_from gate' -l task-args-file
complete -c rallycross -n '__fish_seen_subcommand_from gate' -l timing
complete -c rallycross -n '__fish_seen_subcommand_from gate' -l tolerance
complete -c rallycross -n '__fish_seen_subcommand_from scenarios' -l help
complete -c rallycross -n '__fish_seen_subcommand_from scenarios' -l json
complete -c rallycross -n '__fish_seen_subcommand_from scenarios' -l task
complete -c rallycross -f -n '__fish_seen_subcommand_from cloud; and not __fish_seen_subcommand_from create list show check export destroy' -a 'create list show check export destroy'
complete -c rallycross -n '__fish_seen_subcommand_from cloud' -l help
complete -c rallycross -n '__fish_seen_subcommand_from cloud; and __fish_seen_subcommand_from create' -l from-sysenv
complete -c rallycross -n '__fish_seen_subcommand_from cloud; and __fish_seen_subcommand_from create' -l help
complete -c rallycross -n '__fish_seen_subcommand_from cloud; and __fish_seen_subcommand_from create' -l name
complete -c rallycross -n '__fish_seen_subcommand_from cloud; and __fish_seen_subcommand_from list' -l help
complete -c rallycross -n '__fish_seen_subcommand_from cloud; and __fish_seen_subcommand_from list' -l json
complete -c rallycross -n '__fish_seen_subcommand_from cloud; and __fish_seen_subcommand_from show' -l help
complete -c rallycross -n '__fish_seen_subcommand_from cloud; and __fish_seen_subcommand_from show' -l json
complete -c rallycross -n '__fish_seen_subcommand_from cloud; and __fish_seen_subcommand_from check' -l help
complete -c rallycross -n '__fish_seen_subcommand_from cloud; and __fish_seen_subcommand_from check' -l json
complete -c rallycross -n '__fish_seen_subcommand_from cloud; and __fish_seen_subcommand_from export' -l help
complete -c rallycross -n '__fish_seen_subcommand_from cloud; and __fish_seen_subcommand_from export' -l openrc
complete -c rallycross -n '__fish_seen_subcommand_from cloud; and __fish_seen_subcommand_from destroy' -l help
complete -c rallycross -f -n '__fish_seen_subcommand_from verify; and not __fish_seen_subcommand_from run list rerun show history compare import export verifiers' -a 'run list rerun show history compare import export verifiers'
complete -c rallycross -n '__fish_seen_subcommand_from verify' -l help
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from run' -l accounts
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from run' -l concurrency
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from run' -l expected-failures
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from run' -l help
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from run' -l load-list
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from run' -l option
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from run' -l options
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from run' -l package
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from run' -l pattern
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from run' -l plugin
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from run' -l resume
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from run' -l set
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from run' -l skip-list
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from run' -l tests
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from run' -l verifier
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from list' -l expected-failures
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from list' -l help
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from list' -l json
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from list' -l load-list
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from list' -l package
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from list' -l pattern
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from list' -l plugin
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from list' -l set
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from list' -l skip-list
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from list' -l tests
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from list' -l verifier
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from rerun' -l concurrency
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from rerun' -l failed
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from rerun' -l help
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from show' -l detailed
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from show' -l help
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from show' -l json
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from show' -l sort-by
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from history' -l cloud
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from history' -l help
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from history' -l json
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from history' -l last
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from compare' -l cloud
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from compare' -l format
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from compare' -l help
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from compare' -l json
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from compare' -l last
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from compare' -l slower
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from compare' -l to
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from import' -l help
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from export' -l format
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from export' -l help
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from export' -l to
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from verifiers' -l forget
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from verifiers' -l help
complete -c rallycross -n '__fish_seen_subcommand_from verify; and __fish_seen_subcommand_from verifiers' -l json
complete -c rallycross -f -n '__fish_seen_subcommand_from results; and not __fish_seen_subcommand_from list show compare export changes import delete prune' -a 'list show compare export changes import delete prune'
complete -c rallycross -n '__fish_seen_subcommand_from results' -l help
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from list' -l cloud
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from list' -l help
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from list' -l json
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from list' -l last
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from list' -l tag
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from show' -l help
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from show' -l json
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from compare' -l by
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from compare' -l even-invalid
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from compare' -l false-discoveries
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from compare' -l format
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from compare' -l help
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from compare' -l json
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from compare' -l last
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from compare' -l output
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from compare' -l tag
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from export' -l format
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from export' -l help
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from export' -l output
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from changes' -l acknowledge
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from changes' -l cloud
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from changes' -l help
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from changes' -l json
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from changes' -l judge
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from changes' -l last
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from changes' -l new
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from changes' -l note
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from changes' -l recipe
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from import' -l cloud
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from import' -l help
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from delete' -l force
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from delete' -l help
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from prune' -l cloud
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from prune' -l dry-run
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from prune' -l help
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from prune' -l json
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from prune' -l keep-last
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from prune' -l keep-tagged
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from prune' -l older-than
complete -c rallycross -n '__fish_seen_subcommand_from results; and __fish_seen_subcommand_from prune' -l samples-only
complete -c rallycross -n '__fish_seen_subcommand_from clean' -l cloud
complete -c rallycross -n '__fish_seen_subcommand_from clean' -l dry-run
complete -c rallycross -n '__fish_seen_subcommand_from clean' -l help
complete -c rallycross -n '__fish_seen_subcommand_from clean' -l json
complete -c rallycross -n '__fish_seen_subcommand_from clean' -l older-than
complete -c rallycross -n '__fish_seen_subcommand_from clean' -l task
complete -c rallycross -n '__fish_seen_subcommand_from clean' -l yes
complete -c rallycross -n '__fish_seen_subcommand_from up' -l help
complete -c rallycross -n '__fish_seen_subcommand_from up' -l limit
complete -c rallycross -n '__fish_seen_subcommand_from down' -l help
complete -c rallycross -n '__fish_seen_subcommand_from down' -l keep-clouds
complete -c rallycross -n '__fish_seen_subcommand_from down' -l purge
complete -c rallycross -n '__fish_seen_subcommand_from status' -l help
complete -c rallycross -n '__fish_seen_subcommand_from status' -l json
complete -c rallycross -n '__fish_seen_subcommand_from logs' -l help
complete -c rallycross -n '__fish_seen_subcommand_from logs' -l json
complete -c rallycross -n '__fish_seen_subcommand_from logs' -l lines
complete -c rallycross -n '__fish_seen_subcommand_from doctor' -l deep
complete -c rallycross -n '__fish_seen_subcommand_from doctor' -l help
complete -c rallycross -n '__fish_seen_subcommand_from doctor' -l json
complete -c rallycross -n '__fish_seen_subcommand_from doctor' -l mend
complete -c rallycross -n '__fish_seen_subcommand_from test' -l durations
complete -c rallycross -n '__fish_seen_subcommand_from test' -l full
complete -c rallycross -n '__fish_seen_subcommand_from test' -l help
complete -c rallycross -n '__fish_seen_subcommand_from test' -l quick
complete -c rallycross -n '__fish_seen_subcommand_from test' -l workers
complete -c rallycross -n '__fish_seen_subcommand_from bench' -l cloud
complete -c rallycross -n '__fish_seen_subcommand_from bench' -l help
complete -c rallycross -n '__fish_seen_subcommand_from bench' -l no-rally
complete -c rallycross -n '__fish_seen_subcommand_from bench' -l only
complete -c rallycross -f -n '__fish_seen_subcommand_from completion; and not __fish_seen_subcommand_from bash zsh fish' -a 'bash zsh fish'
complete -c rallycross -n '__fish_seen_subcommand_from completion' -l help
