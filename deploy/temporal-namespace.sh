#!/bin/sh
# Makes the namespace, which keeps closed runs for 30 days. Run once the server is there; safe to repeat.
set -eu
until temporal operator cluster health >/dev/null 2>&1; do sleep 1; done
temporal operator namespace describe -n default >/dev/null 2>&1 || temporal operator namespace create -n default --retention 720h
