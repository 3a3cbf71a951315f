"""What the engines share that drive a deployer by its commands."""
