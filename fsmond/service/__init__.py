"""Daemons that are there from the login on, by the system's own manager of services.

choice          the manager of this system
contract        what a manager does
launchd         macOS
notify          tell the manager that a daemon is ready
systemd         Linux
task_scheduler  Windows
"""
