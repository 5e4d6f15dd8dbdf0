/** Which addresses may be connected to on a tenant's behalf (docs/security.md). */
import { BlockList, isIP } from 'node:net'

/** Whether an address, as text, may be connected to. */
export type Reachable = (address: string) => boolean

/** IANA's special-purpose blocks, multicast, and what carries an IPv4 address inside an IPv6 one. */
const SPECIAL = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
]
/** Of IPv6, what is not in here is nobody's, or not the public network's. */
const GLOBAL_UNICAST = ['2000::/3']

/** Public addresses, and those in the networks that the operator has allowed. */
export function reachable(allowed: readonly string[]): Reachable {
  const [own, special, global] = [allowed, SPECIAL, GLOBAL_UNICAST].map(networksOf)
  const within = (networks: BlockList | undefined, address: string, family: 'ipv4' | 'ipv6') =>
    networks?.check(address, family) ?? false
  return address => {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (isIP(address) === 0) return false
    if (within(own, address, family)) return true
    return !within(special, address, family) && (family === 'ipv4' || within(global, address, family))
  }
}

function networksOf(texts: readonly string[]): BlockList {
  const networks = new BlockList()
  for (const text of texts) {
    const [address = '', bits] = text.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    networks.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family)
  }
  return networks
}
