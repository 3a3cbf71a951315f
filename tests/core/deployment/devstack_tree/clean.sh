#!/usr/bin/env bash
# Takes away what stack.sh has made.
cd "$(dirname "$0")" || exit
./unstack.sh
sudo rm -rf /etc/openstack "$HOME/data"
