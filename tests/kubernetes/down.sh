#!/bin/bash
# Ends a node that up.sh made, and all that ran on it; what it has written stays in DIR.   usage: down.sh DIR
exec "$(dirname "$0")/machine.sh" end "$1"
