"""The command `provisioner`, also as `python -m provisioner`."""

import gc

gc.disable()  # imports leave no garbage, and looking for some takes a tenth of a short run

from provisioner.cli.app import main  # noqa: E402

if __name__ == "__main__":
    main()
