"""Let the database stamp each entry, and refuse to change or remove one."""

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION audit_entry_stamp() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NEW.txid := pg_current_xact_id();
    NEW.occurred_at := clock_timestamp();
    RETURN NEW;
END $$;

CREATE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'entries of the audit log are never changed or removed: % refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION audit_entry_refuse_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) <> current_user THEN
        RAISE EXCEPTION 'entries of the audit log are never changed or removed: % refused', TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;
"""

TRIGGERS = """
CREATE TRIGGER entry_stamp BEFORE INSERT ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_entry_stamp();
CREATE TRIGGER entry_insert_only BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse();
CREATE TRIGGER entry_keep BEFORE TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse_truncate();
"""

UNDO = """
DROP TRIGGER entry_keep ON audit_entry;
DROP TRIGGER entry_insert_only ON audit_entry;
DROP TRIGGER entry_stamp ON audit_entry;
DROP FUNCTION audit_entry_refuse_truncate();
DROP FUNCTION audit_entry_refuse();
DROP FUNCTION audit_entry_stamp();
"""


class Migration(migrations.Migration):
    """What the app role may not do is revoked after each migration, by helpdesk.core.grants."""

    dependencies = [("audit", "0001_initial")]

    operations = [migrations.RunSQL(FUNCTIONS + TRIGGERS, UNDO)]
