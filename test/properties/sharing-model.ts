/**
 * What sharing does, as a plain model written from semantics 8.4 to 8.8 and from nothing else: one server backup of
 * alice's, whoever she shares it with, their vaults and images. `step` answers what the service has to answer, and how
 * things stand then.
 */

export type Actor = 'alice' | 'bob' | 'carol' | 'dave'
/** Projects are named by who lives there; the others by a number. */
export type Project = Actor | `p${number}`

export const VAULTS = ['b0', 'b1', 'c0'] as const
/** One of two vaults of bob's, the one of carol's, or the one of alice's in which the backup lies. */
export type VaultName = (typeof VAULTS)[number]
const ownerOf: Readonly<Record<VaultName, Actor>> = { b0: 'bob', b1: 'bob', c0: 'carol' }

export type Member =
  | { readonly state: 'pending' | 'rejected' }
  | { readonly state: 'accepted'; readonly vault: VaultName; readonly image: boolean }

export interface World {
  /** Gone: deleted by its owner, together with every share. */
  readonly backup: 'there' | 'gone'
  readonly sharersVault: 'there' | 'gone'
  readonly ownImage: boolean
  readonly members: ReadonlyMap<Project, Member>
  readonly vaults: ReadonlySet<VaultName>
}

export type Action =
  | { readonly do: 'offer'; readonly by: Actor; readonly to: readonly Project[] }
  | {
      readonly do: 'answer'
      readonly by: Actor
      readonly of: Project
      readonly status: 'accepted' | 'pending' | 'rejected'
      readonly vault?: VaultName
    }
  | { readonly do: 'withdraw'; readonly by: Actor; readonly of: Project }
  | { readonly do: 'look'; readonly by: Actor; readonly of: Project }
  | { readonly do: 'list'; readonly by: Actor }
  | { readonly do: 'view'; readonly by: Actor }
  | { readonly do: 'make-image' | 'drop-image' | 'delete-backup'; readonly by: Actor }
  | { readonly do: 'delete-vault'; readonly vault: VaultName }
  | { readonly do: 'delete-sharers-vault' }

/** A status of success, a code, or `gone`: whatever says that the thing is not there, or no longer to be used. */
export type Outcome = '200' | '202' | '204' | '404' | 'gone' | `6${number}`

export interface Step {
  readonly outcome: Outcome
  readonly world: World
}

export const beginning: World = {
  backup: 'there',
  sharersVault: 'there',
  ownImage: false,
  members: new Map(),
  vaults: new Set(VAULTS),
}

const MOST_MEMBERS = 10

export function step(world: World, action: Action): Step {
  const stays = (outcome: Outcome): Step => ({ outcome, world })
  if (action.do === 'delete-vault') return deleteVault(world, action.vault)
  if (action.do === 'delete-sharers-vault') return deleteSharersVault(world)
  if (action.do === 'drop-image') return dropImage(world, action.by)
  if (world.backup === 'gone') return stays('gone')
  switch (action.do) {
    case 'offer':
      return offer(world, action.by, action.to)
    case 'answer':
      return answer(world, action)
    case 'withdraw':
      return withdraw(world, action.by, action.of)
    case 'look':
      return stays(look(world, action.by, action.of))
    case 'list':
      return stays(action.by === 'alice' || world.members.has(action.by) ? '200' : '6200')
    case 'view':
      return stays(sees(world, action.by) ? '200' : '6200')
    case 'make-image':
      return makeImage(world, action.by)
    case 'delete-backup':
      return deleteBackup(world, action.by)
  }
}

/** Whether the backup is in the project's view: its owner's, and its recipients' unless they rejected it. */
export function sees(world: World, actor: Actor): boolean {
  const member = world.members.get(actor)
  return world.backup === 'there' && (actor === 'alice' || (member !== undefined && member.state !== 'rejected'))
}

const withMember = (world: World, project: Project, member: Member | undefined): World => {
  const members = new Map(world.members)
  if (member === undefined) members.delete(project)
  else members.set(project, member)
  return { ...world, members }
}

const hasImage = (member: Member | undefined): boolean => member?.state === 'accepted' && member.image

function offer(world: World, by: Actor, to: readonly Project[]): Step {
  const stays = (outcome: Outcome): Step => ({ outcome, world })
  if (by !== 'alice') return stays(sees(world, by) ? '6714' : '6200')
  if (to.includes('alice')) return stays('6704')
  if (to.some(project => world.members.has(project))) return stays('6703')
  if (world.members.size + to.length > MOST_MEMBERS) return stays('6701')
  const members = new Map([...world.members, ...to.map(project => [project, { state: 'pending' }] as const)])
  return { outcome: '200', world: { ...world, members } }
}

function answer(world: World, action: Extract<Action, { do: 'answer' }>): Step {
  const stays = (outcome: Outcome): Step => ({ outcome, world })
  const member = world.members.get(action.of)
  if (member === undefined) return stays('6705')
  if (action.by === 'alice') return stays('6708')
  if (action.by !== action.of) return stays(world.members.has(action.by) ? '6705' : '6200')
  if (action.status !== 'accepted') return decline(world, action.by, action.status)
  if (action.vault === undefined) return stays('6706')
  if (member.state === 'accepted') return stays(member.vault === action.vault ? '200' : '6706')
  if (!world.vaults.has(action.vault) || ownerOf[action.vault] !== action.by) return stays('6105')
  const accepted = { state: 'accepted', vault: action.vault, image: false } as const
  return { outcome: '200', world: withMember(world, action.by, accepted) }
}

function decline(world: World, by: Actor, state: 'pending' | 'rejected'): Step {
  const member = world.members.get(by)
  if (state === 'pending' && member?.state === 'accepted') return { outcome: '6706', world }
  if (hasImage(member)) return { outcome: '6710', world }
  return { outcome: '200', world: withMember(world, by, { state }) }
}

function withdraw(world: World, by: Actor, of: Project): Step {
  if (by !== 'alice') return { outcome: world.members.has(by) ? '6707' : '6200', world }
  const member = world.members.get(of)
  if (member === undefined) return { outcome: '6705', world }
  if (hasImage(member)) return { outcome: '6710', world }
  return { outcome: '204', world: withMember(world, of, undefined) }
}

function look(world: World, by: Actor, of: Project): Outcome {
  if (by === 'alice') return world.members.has(of) ? '200' : '6705'
  if (!world.members.has(by)) return '6200'
  return by === of ? '200' : '6705'
}

function makeImage(world: World, by: Actor): Step {
  if (by === 'alice') {
    return world.ownImage ? { outcome: '6210', world } : { outcome: '200', world: { ...world, ownImage: true } }
  }
  const member = world.members.get(by)
  if (member === undefined) return { outcome: '6200', world }
  if (member.state !== 'accepted') return { outcome: '6208', world }
  if (member.image) return { outcome: '6210', world }
  return { outcome: '200', world: withMember(world, by, { ...member, image: true }) }
}

function dropImage(world: World, by: Actor): Step {
  const member = world.members.get(by)
  if (by === 'alice' && world.ownImage) return { outcome: '204', world: { ...world, ownImage: false } }
  if (member?.state !== 'accepted' || !member.image) return { outcome: '404', world }
  return { outcome: '204', world: withMember(world, by, { ...member, image: false }) }
}

function deleteBackup(world: World, by: Actor): Step {
  if (by === 'alice') {
    if (world.ownImage) return { outcome: '6204', world }
    if ([...world.members.values()].some(hasImage)) return { outcome: '6710', world }
    return { outcome: '204', world: { ...world, backup: 'gone', members: new Map() } }
  }
  const member = world.members.get(by)
  if (member === undefined || member.state === 'rejected') return { outcome: '6200', world }
  if (member.state === 'pending') return { outcome: '6201', world }
  if (hasImage(member)) return { outcome: '6710', world }
  return { outcome: '204', world: withMember(world, by, { state: 'rejected' }) }
}

function deleteVault(world: World, vault: VaultName): Step {
  if (!world.vaults.has(vault)) return { outcome: 'gone', world }
  const inIt = [...world.members].filter(([, member]) => member.state === 'accepted' && member.vault === vault)
  if (inIt.some(([, member]) => hasImage(member))) return { outcome: '6204', world }
  const released = inIt.reduce((left, [project]) => withMember(left, project, { state: 'rejected' }), world)
  return { outcome: '204', world: { ...released, vaults: new Set([...world.vaults].filter(name => name !== vault)) } }
}

function deleteSharersVault(world: World): Step {
  if (world.sharersVault === 'gone') return { outcome: 'gone', world }
  const removed = world.backup === 'gone' ? ({ outcome: '204', world } as const) : deleteBackup(world, 'alice')
  if (removed.outcome !== '204') return removed
  return { outcome: '204', world: { ...removed.world, sharersVault: 'gone' } }
}
