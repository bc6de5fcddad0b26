#!/bin/sh
# Run once by the database's image when its folder is new: the role that owns the tables, the one that the desk runs as,
# and what the second may do with the tables of the first. Neither is a superuser.
set -eu

app_password=$(cat /run/secrets/app_password)
owner_password=$(cat /run/secrets/owner_password)

psql --set=ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname template1 \
  --set=app_password="$app_password" --set=owner_password="$owner_password" <<'SQL'
CREATE ROLE postern_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE postern_app LOGIN PASSWORD :'app_password';
ALTER DEFAULT PRIVILEGES FOR ROLE postern_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO postern_app;
ALTER DEFAULT PRIVILEGES FOR ROLE postern_owner GRANT USAGE, SELECT ON SEQUENCES TO postern_app;
GRANT USAGE ON SCHEMA public TO postern_app;
SQL

psql --set=ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
CREATE DATABASE postern OWNER postern_owner;
REVOKE ALL ON DATABASE postern FROM PUBLIC;
GRANT CONNECT ON DATABASE postern TO postern_app;
SQL
