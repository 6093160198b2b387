"""Landing files for tests: a legal record with some fields changed, and files in the format of the source."""

from collections.abc import Sequence
from pathlib import Path

from santander.schema.columns import SOURCE_HEADER

LEGAL = dict.fromkeys(SOURCE_HEADER, "0") | {
    "fecha_dato": "2015-01-28", "ncodpers": "1375586", "ind_empleado": "N", "pais_residencia": "ES", "sexo": "H",
    "age": " 35", "fecha_alta": "2015-01-12", "ind_nuevo": " 0", "antiguedad": "      6", "indrel": " 1",
    "ult_fec_cli_1t": "", "indrel_1mes": "1.0", "tiprel_1mes": "A", "indresi": "S", "indext": "N", "conyuemp": "",
    "canal_entrada": "KHL", "indfall": "N", "tipodom": " 1", "cod_prov": "29", "nomprov": '"MALAGA"',
    "ind_actividad_cliente": " 1", "renta": "87218.1", "segmento": "02 - PARTICULARES",
    "ind_nomina_ult1": " 0", "ind_nom_pens_ult1": " 0",
}  # fmt: skip


def record(customer_id: int | str, month: str = "2015-01", *, columns: int = 48, **fields: str) -> str:
    """One line of a landing file; ``fields`` by their source names."""
    values = LEGAL | {"ncodpers": str(customer_id), "fecha_dato": f"{month}-28"} | fields
    return ",".join(list(values.values())[:columns])


def header(columns: int = 48) -> str:
    return ",".join(f'"{name}"' for name in SOURCE_HEADER[:columns])


def landing_file(path: Path, lines: Sequence[str], *, columns: int = 48) -> Path:
    path.write_bytes(("\n".join([header(columns), *lines]) + "\n").encode())
    return path
