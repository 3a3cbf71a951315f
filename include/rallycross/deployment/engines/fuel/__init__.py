"""The engine `fuel`: a client of Nailgun, Fuel's REST API, and the programs of its steps.

Each step is `python -m rallycross.deployment.engines.fuel.program WORD ROOT` on this machine, with what it is to do in
a file below the cloud's folder. So it goes on when the worker dies, and what has been begun in Fuel is known there, not
here.
"""
