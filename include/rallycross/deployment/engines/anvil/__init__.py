"""The engine `anvil`: checks personas, and deploys them by Anvil's own `smithy` or by the engine `embedded`."""
