"""The engine `packstack`, and the files and scripts that it writes for the deployer."""
