/**
 * Every refusal the service can answer: the vendor's code, its HTTP status, and our words for it. Codes and statuses are
 * the contract (contract/error-codes.json); which of them can occur, and where, stands in docs/errors.md.
 */
export const errors = {
  // backup and restore in general
  '0001': [400, 'nothing that was asked for can be backed up now'],
  '0002': [500, 'a backup of the resource is running; try again when it has ended'],
  '1001': [400, 'a backup of this vault is running; try again when it has ended'],
  '1002': [400, 'a backup of this type cannot be replicated'],
  '1005': [400, 'the destination region takes no replicas'],
  '1009': [400, 'the backup is being replicated to that region, or has been'],
  '1011': [400, 'the destination project takes no replicas'],
  '1012': [400, 'the backup has as many replicas as it may have'],
  '2001': [400, 'the target disk is smaller than the disk that was backed up'],
  '2002': [400, 'a backup of the target is running; restore when it has ended'],
  '2003': [400, 'a backup is restored to the server or disk it was taken from, and to no other'],
  '2005': [400, 'only an available backup can be restored'],
  '2007': [400, 'the target server has been terminated'],
  '2008': [400, 'the target server is in a state that allows no restore'],
  '2010': [400, 'a restore of this resource is running'],
  '2011': [400, 'the target disk is in a state that allows no restore; detach it first'],
  '2012': [400, 'some of the mapped disks cannot be restored'],
  '2013': [400, 'a data disk cannot be restored onto a system disk'],
  // policies
  '6000': [404, 'there is no such policy'],
  '6001': [400, 'the project has as many policies of this type as it may have'],
  '6002': [404, 'the policy is not applied to the vault'],
  '6003': [400, 'the destination of a policy that is applied cannot be changed'],
  // vaults
  '6100': [400, 'a vault holds at most 256 resources'],
  '6101': [400, 'the vault cannot have this capacity'],
  '6102': [400, 'the vault does not take resources of this type'],
  '6103': [400, 'the resource is in another vault already'],
  '6104': [400, 'the resource is named twice'],
  '6105': [404, 'there is no such vault'],
  '6108': [400, 'the vault takes no further resources now'],
  '6109': [400, 'there is no such order'],
  '6110': [400, 'the vault cannot be changed in this way'],
  '6111': [400, 'the vault may not be deleted'],
  '6112': [400, 'the vault is in a state that does not allow this'],
  '6113': [400, 'the vault is in a state that allows no backup'],
  '6114': [400, 'the vault is full'],
  '6116': [400, 'there is no such type of protected object'],
  '6118': [400, 'the destination vault could not be checked'],
  '6119': [400, 'the destination vault takes no replicas'],
  '6120': [400, 'there is no such destination vault'],
  '6122': [400, 'resources of this type cannot be replicated'],
  '6123': [400, 'the vault is being expanded; try again when that has ended'],
  '6124': [400, 'a replication vault takes replicas only'],
  '6125': [400, 'a task of this resource is running; try again when it has ended'],
  '6127': [400, 'the policy does not fit the vault'],
  '6128': [400, 'nothing in this vault can be replicated'],
  '6129': [400, 'the vault has not enough free space'],
  '6130': [400, 'a replication of this vault is running'],
  '6133': [400, 'the project has as many vaults as it may have'],
  '6134': [400, 'the resource is being removed from the vault'],
  '6135': [400, 'the resource is not in the vault'],
  '6136': [400, 'a hybrid vault takes no backup policy'],
  '6137': [500, 'a disk that servers share cannot be backed up in several vaults'],
  '6142': [400, 'no vault has room for the resource'],
  // backups
  '6200': [404, 'there is no such backup'],
  '6201': [400, 'the backup cannot be deleted now'],
  '6202': [400, 'the vault is in a state that allows no restore'],
  '6203': [400, 'a backup is running'],
  '6204': [400, 'an image made of the backup exists; delete the image first'],
  '6206': [400, 'the backup has no metadata in this status'],
  '6207': [500, 'no image can be made of a backup of this type'],
  '6208': [500, 'no image can be made of the backup in its present status'],
  '6209': [500, 'no image can be made of a backup without the system disk'],
  '6210': [500, 'an image has been made of the backup already'],
  '6212': [500, 'the image could not be made'],
  '6216': [400, 'the backup is in use; try again when that has ended'],
  '6217': [404, 'there is no such restore point'],
  '6220': [400, 'an automatic backup in a locked vault cannot be deleted before it expires'],
  '6302': [404, 'there is no such resource'],
  '6500': [404, 'there is no such operation log'],
  '6600': [400, 'a vault has at most 20 tags'],
  '6601': [404, 'the vault has no tag of this key'],
  // sharing
  '6700': [400, 'only backups of servers and of disks can be shared'],
  '6701': [400, 'a backup is shared with at most 10 projects'],
  '6702': [400, 'only an available backup can be shared'],
  '6703': [400, 'the backup is shared with this project already'],
  '6704': [400, 'the backup cannot be shared with this project'],
  '6705': [404, 'there is no such share member'],
  '6706': [400, 'the share member cannot be changed in this way'],
  '6707': [400, 'this backup cannot be shared or changed by you'],
  '6708': [400, 'only the project that a backup is shared with answers the share'],
  '6709': [400, 'a backup of encrypted disks can be shared only with who holds a grant for the key'],
  '6710': [400, 'an image made of the shared backup exists; its owner has to delete it first'],
  '6712': [400, 'the vault is in a state that allows no sharing'],
  '6713': [400, 'the vault does not take backups of this type'],
  '6714': [400, 'a backup that was shared with you cannot be shared on'],
  // devices
  '7000': [404, 'there is no such disk'],
  '7003': [400, 'the disk is in a state that allows no backup'],
  '7006': [400, 'the disk is in a vault already'],
  '7100': [404, 'there is no such server'],
  '7101': [400, 'the server is in a state that allows no backup'],
  '7107': [400, 'the server has more shared disks than can be backed up'],
  '7108': [400, 'the server has no disk to back up'],
  '7300': [400, 'the vault does not take part in synchronisation'],
  '7403': [400, 'the agent cannot have this id'],
  '7407': [400, 'the agent has too many paths'],
  '7410': [404, 'there is no such agent'],
  // everywhere
  '9900': [400, 'the request does not fit the contract'],
  '9910': [500, 'something went wrong that should not; the request id helps to find it in the log'],
} as const satisfies Record<string, readonly [number, string]>

export type ErrorCode = keyof typeof errors

/** What a refusal is about, named: `{ project: '...' }` ends the text as `(project ...)`. */
export type About = Readonly<Record<string, string | number | boolean | readonly string[]>>

/** The caller's fault, as an entry of the table. */
export class Refusal extends Error {
  readonly code: ErrorCode
  readonly status: number

  constructor(code: ErrorCode, about: About = {}) {
    const [status, text] = errors[code]
    const facts = Object.entries(about).map(
      ([name, value]) => `${name} ${Array.isArray(value) ? value.join(', ') : value}`,
    )
    super(facts.length > 0 ? `${text} (${facts.join('; ')})` : text)
    this.name = 'Refusal'
    this.code = code
    this.status = status
  }
}

export function refuse(code: ErrorCode, about?: About): never {
  throw new Refusal(code, about)
}
