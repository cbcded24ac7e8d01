#!/bin/sh
# Meltano writes the tap's config file anew for every run, and so no place to
# keep renewed tokens in. Where an app's refresh tokens are taken once, have this
# for the tap's executable, and the first refresh token in tokens.json:
#
#	{"refresh_token": "…"}
exec tap-gorgias "$@" --config "${MELTANO_PROJECT_ROOT:-.}/tokens.json" --save-tokens
