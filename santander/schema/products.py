"""The 24 products. Bit i of every holdings bitmask is ``PRODUCTS[i]``."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Product:
    """One product: its bit, our column, the source's column and a label for people."""

    bit: int
    name: str
    source: str

    @property
    def mask(self) -> int:
        """The bitmask that holds this product alone."""
        return 1 << self.bit

    @property
    def label(self) -> str:
        """The name as written in tables and plots for people."""
        return self.name.replace("_", " ")


PRODUCTS: tuple[Product, ...] = tuple(
    Product(bit, name, source)
    for bit, (name, source) in enumerate(
        [
            ("saving_account", "ind_ahor_fin_ult1"),
            ("guarantee", "ind_aval_fin_ult1"),
            ("current_account", "ind_cco_fin_ult1"),
            ("derivatives_account", "ind_cder_fin_ult1"),
            ("payroll_account", "ind_cno_fin_ult1"),
            ("junior_account", "ind_ctju_fin_ult1"),
            ("mas_particular_account", "ind_ctma_fin_ult1"),
            ("particular_account", "ind_ctop_fin_ult1"),
            ("particular_plus_account", "ind_ctpp_fin_ult1"),
            ("short_term_deposit", "ind_deco_fin_ult1"),
            ("medium_term_deposit", "ind_deme_fin_ult1"),
            ("long_term_deposit", "ind_dela_fin_ult1"),
            ("e_account", "ind_ecue_fin_ult1"),
            ("funds", "ind_fond_fin_ult1"),
            ("mortgage", "ind_hip_fin_ult1"),
            ("pension_plan", "ind_plan_fin_ult1"),
            ("loan", "ind_pres_fin_ult1"),
            ("taxes", "ind_reca_fin_ult1"),
            ("credit_card", "ind_tjcr_fin_ult1"),
            ("securities", "ind_valo_fin_ult1"),
            ("home_account", "ind_viv_fin_ult1"),
            ("payroll", "ind_nomina_ult1"),
            ("pension_deposit", "ind_nom_pens_ult1"),
            ("direct_debit", "ind_recibo_ult1"),
        ]
    )
)
N_PRODUCTS = len(PRODUCTS)
PRODUCT_NAMES: tuple[str, ...] = tuple(product.name for product in PRODUCTS)
