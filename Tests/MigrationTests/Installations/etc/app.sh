#!/bin/sh
curl -sf -m 2 http://127.0.0.1:8080/health >/dev/null 2>&1
if [ $? -ne 0 ]; then
  logger "app is down"
  exit 1
fi
exit 0
