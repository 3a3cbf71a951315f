"""The engine `anvil`: personas, checked, and carried out by Anvil's own `smithy` or by the engine `embedded`."""
