"""Address ranges of new subnets: one after another, so that they do not overlap."""

import ipaddress

from rallycross.errors import RallycrossError

# Rally's defaults, by IP version: the first range, and the name servers of a subnet.
START_CIDRS = {4: "10.2.0.0/24", 6: "dead:beaf::/64"}
NAMESERVERS = {4: ["8.8.8.8", "8.8.4.4"], 6: ["dead:beaf::1", "dead:beaf::2"]}


def ip_version(cidr: str) -> int:
    """Return 4 or 6; raise `ValueError` if a text is not a CIDR. As in Rally, it may name any address of the range."""
    return ipaddress.ip_network(cidr, strict=False).version


def nth_cidr(start: str, number: int) -> str:
    """Return the CIDR that is `number` ranges of the same size after `start`."""
    first = ipaddress.ip_network(start, strict=False)
    try:
        address = first.network_address + number * first.num_addresses
    except ipaddress.AddressValueError:
        raise RallycrossError(
            f"there are fewer than {number} ranges of the size of {start} after it - give a smaller or lower CIDR"
        ) from None
    return f"{address}/{first.prefixlen}"
