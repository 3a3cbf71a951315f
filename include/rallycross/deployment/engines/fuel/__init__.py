"""The engine `fuel`: a client of Nailgun, Fuel's REST API, and the programs of its steps.

Each step runs `python -m rallycross.deployment.engines.fuel.program WORD ROOT` on this machine, with its input in a
file below the cloud's folder. So it continues if the worker dies. The state of a deployment is in Fuel, not here.
"""
