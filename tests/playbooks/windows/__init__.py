"""Windows machines for the tests: what Ansible would send them is taken apart, compiled and run."""
