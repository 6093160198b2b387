"""The 52 provinces of Spain by their official codes, named as the competition's files name them."""

PROVINCES = ("", *(
    "ALAVA", "ALBACETE", "ALICANTE", "ALMERIA", "AVILA", "BADAJOZ", "BALEARS, ILLES", "BARCELONA", "BURGOS",
    "CACERES", "CADIZ", "CASTELLON", "CIUDAD REAL", "CORDOBA", "CORUÑA, A", "CUENCA", "GIRONA", "GRANADA",
    "GUADALAJARA", "GIPUZKOA", "HUELVA", "HUESCA", "JAEN", "LEON", "LERIDA", "RIOJA, LA", "LUGO", "MADRID",
    "MALAGA", "MURCIA", "NAVARRA", "OURENSE", "ASTURIAS", "PALENCIA", "PALMAS, LAS", "PONTEVEDRA", "SALAMANCA",
    "SANTA CRUZ DE TENERIFE", "CANTABRIA", "SEGOVIA", "SEVILLA", "SORIA", "TARRAGONA", "TERUEL", "TOLEDO",
    "VALENCIA", "VALLADOLID", "BIZKAIA", "ZAMORA", "ZARAGOZA", "CEUTA", "MELILLA",
))  # fmt: skip
"""``PROVINCES[code]``; code 0 is a missing value."""

PROVINCE_CODES = {name: code for code, name in enumerate(PROVINCES) if name}
"""The codes by name. A name that is not here may be a province in another spelling."""
