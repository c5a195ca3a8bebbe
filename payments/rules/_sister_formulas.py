"""How two other states shared money for such loans, made of the parts of this program's own formula.

None of it is Connecticut's law, and nothing is ever paid by it: that is why it stands in no rulebook. It
shows that the parts, `cents.apportion` and `net_plus.net_plus`, carry other formulas. Where a text does not
say how cents are rounded, they are rounded here as the rulebook does.
"""

from collections.abc import Mapping

from payments.rules.cents import apportion
from payments.rules.net_plus import net_plus


def nonresident_circulation_offset(total_cents: int, loans: Mapping[str, int]) -> dict[str, int]:
    """Return each library's part of an amount in cents, by key: the whole of it goes by loans, pro rata.

    Only loans to residents of other certified municipalities count; give those. ValueError as `apportion`.

    Source: Massachusetts: M.G.L. c. 78, § 19A(4); Board of Library Commissioners, Nonresident Circulation
    Offset.
    """
    return apportion(total_cents, loans)


def half_on_net_lenders(
    total_cents: int, loans: Mapping[str, int], borrows: Mapping[str, int]
) -> dict[str, tuple[int, int]]:
    """Return each library's simple and net reimbursement in cents, by key.

    One half goes to every library by its loans, the other to those that lent more than they borrowed. That
    it goes by how much more, and that an odd cent goes to the first half, is our reading. ValueError as
    `apportion`, KeyError for a library without a number of borrows.

    Source: Montana: ARM 10.102.4001(1)(c), (2)(a), until it was amended in 2010 (Notice 10-10-100).
    """
    net = total_cents // 2
    simple = apportion(total_cents - net, loans)
    beyond = apportion(net, {key: net_plus(loans[key], borrows[key]) for key in loans})
    return {key: (simple[key], beyond[key]) for key in simple}
