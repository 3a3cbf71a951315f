"""The engine `kolla-ansible`, and the files and scripts that it writes for the deployer."""
