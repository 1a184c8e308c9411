#!/bin/sh
logger "state $1"
