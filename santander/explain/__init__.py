"""Why a customer is recommended what: the verb ``explain``."""
