"""Static files: named by their content, with the imports of our scripts rewritten, compressed once."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Hashes file names, follows `import` in modules, and writes .gz and .br beside each file."""

    support_js_module_import_aggregation = True
