"""The keys of the desk, each stored wrapped: DataKeys under KeyEncryptionKeys, those under the root key."""

from django.db import models
from django.db.models import Q

from helpdesk.core.ids import new_id
from helpdesk.crypto.aead import bound


class KeyPurpose(models.TextChoices):
    """What a KeyEncryptionKey is for. Stored: never renamed."""

    DATA = "data"
    """Wraps DataKeys."""
    BLIND = "blind"
    """The key of blind indexes, content keys and tokens."""
    AUDIT = "audit"
    """Wraps the key that signs the audit log."""


class KeyState(models.TextChoices):
    """What a KeyEncryptionKey may still do. Stored: never renamed."""

    ACTIVE = "active"
    DECRYPT_ONLY = "decrypt_only"
    DESTROYED = "destroyed"


class KeyEncryptionKey(models.Model):
    """A key that wraps others, or that others are derived from; wrapped by the root key, which is never stored here."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.PositiveIntegerField(unique=True)
    purpose = models.CharField(max_length=16, choices=KeyPurpose.choices)
    provider = models.CharField(max_length=16)
    root_key_id = models.CharField(max_length=16)
    wrapped_key = models.BinaryField(null=True)
    state = models.CharField(max_length=16, choices=KeyState.choices, default=KeyState.ACTIVE)
    created_at = models.DateTimeField(auto_now_add=True)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["purpose"], condition=Q(state=KeyState.ACTIVE), name="crypto_kek_one_active_per_purpose"
            ),
            models.CheckConstraint(
                condition=Q(state=KeyState.DESTROYED, wrapped_key__isnull=True, destroyed_at__isnull=False)
                | (~Q(state=KeyState.DESTROYED) & Q(wrapped_key__isnull=False, destroyed_at__isnull=True)),
                name="crypto_kek_gone_or_whole",
            ),
        ]

    @property
    def context(self) -> bytes:
        """What its wrapping is bound to."""
        return bound(b"KeyEncryptionKey", self.id.bytes, str(self.number).encode(), self.purpose.encode())


class DataKey(models.Model):
    """The key of one ticket, contact, raw mail, user, or of the desk. Without `wrapped_key` it is destroyed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner_kind = models.CharField(max_length=16)
    owner_id = models.UUIDField()
    kek = models.ForeignKey(KeyEncryptionKey, on_delete=models.PROTECT, related_name="data_keys")
    wrapped_key = models.BinaryField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["owner_kind", "owner_id"], name="crypto_data_key_one_per_owner"),
            models.CheckConstraint(
                condition=Q(wrapped_key__isnull=True, destroyed_at__isnull=False)
                | Q(wrapped_key__isnull=False, destroyed_at__isnull=True),
                name="crypto_data_key_gone_or_whole",
            ),
        ]
