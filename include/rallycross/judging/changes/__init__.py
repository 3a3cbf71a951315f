"""Change detection: whether the newest runs of a recipe's history are slower, or faster, than those before.

`step_test` is the statistic, `detector` decides over all series of a recipe, `effect` says how large a change is,
`series` makes series of stored figures, and `after_run` does all of it after a run and stores what was found.
"""
