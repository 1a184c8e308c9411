#!/bin/bash
# is the proxy there?
PORT=8066
count=$(ss -lnt | grep ":$PORT" | wc -l)
if [ "$count" -eq 0 ]; then
    echo "no listener on $PORT"
    exit 1
else
    exit 0
fi
