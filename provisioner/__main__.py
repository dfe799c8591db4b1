"""`python -m provisioner` is the command `provisioner`."""

from provisioner.cli.app import main

main()
