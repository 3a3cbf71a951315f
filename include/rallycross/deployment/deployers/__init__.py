"""What the engines share that run a deployer's command-line tools."""
