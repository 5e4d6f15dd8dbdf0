/** Semantics 8.7 as a table for tests: each action, by whoever takes it, in each state of a share. */

import { deleteBackup } from '../src/control/backup/delete-backup.ts'
import { deleteImage } from '../src/control/image/delete-image.ts'
import { registerImage } from '../src/control/image/register-image.ts'
import type { ShareEvent } from '../src/control/member/share-events.ts'
import { deleteVault } from '../src/control/vault/delete-vault.ts'
import type { BackupRecord } from '../src/ports/catalog/backup.ts'
import type { VaultRecord } from '../src/ports/catalog/vault.ts'
import { calls, type Ground, other, putBackup, putVault, recipient, sharer } from './sharing-ground.ts'

export type State = 'none' | 'P' | 'A' | 'A+img' | 'J'
export const STATES: readonly State[] = ['none', 'P', 'A', 'A+img', 'J']

/** One backup, the sharer's vault it lies in, and two vaults of the recipient's. */
export interface Scene {
  readonly ground: Ground
  readonly backup: BackupRecord
  readonly sharersVault: VaultRecord
  readonly vault: VaultRecord
  readonly spare: VaultRecord
}

export async function sceneIn(ground: Ground, state: State): Promise<Scene> {
  const sharersVault = await putVault(ground, sharer)
  const backup = await putBackup(ground, sharersVault)
  const vault = await putVault(ground, recipient)
  const spare = await putVault(ground, recipient)
  const { post, put } = calls(ground)
  if (state !== 'none') await post(sharer, backup.id, [recipient.projectId])
  if (state === 'J') await put(recipient, backup.id, { status: 'rejected' })
  if (state === 'A' || state === 'A+img') await put(recipient, backup.id, { status: 'accepted', vault_id: vault.id })
  if (state === 'A+img') await image({ ground, backup })
  return { ground, backup, sharersVault, vault, spare }
}

export const image = ({ ground, backup }: Pick<Scene, 'ground' | 'backup'>) =>
  registerImage(ground.ports, recipient, { name: 'web', description: '', backupId: backup.id, tags: [] })

export async function stateOf({ ground, backup }: Scene): Promise<State> {
  const member = await ground.catalog.read(({ members }) => members.find(backup.id, recipient.projectId))
  if (member === undefined) return 'none'
  if (member.status === 'accepted') return member.imageId === undefined ? 'A' : 'A+img'
  return member.status === 'pending' ? 'P' : 'J'
}

export type Action = (scene: Scene) => Promise<unknown>
/**
 * What each state becomes, or the code of the refusal that leaves it as it is; and the event that a change is told as.
 */
export type Row = readonly [
  name: string,
  action: Action,
  expected: Readonly<Partial<Record<State, State | `${number}`>>>,
  event?: ShareEvent,
]

const body = undefined
export const toBackup = ({ backup }: Scene, caller: typeof sharer) => ({
  path: { project_id: caller.projectId, backup_id: backup.id },
  query: {},
  body,
})
export const accept = ({ vault }: Pick<Scene, 'vault'>) => ({ status: 'accepted', vault_id: vault.id })
const all = (code: State | `${number}`) => ({ none: code, P: code, A: code, 'A+img': code, J: code })
const same = { none: 'none', P: 'P', A: 'A', 'A+img': 'A+img', J: 'J' } as const

/** Semantics 8.7, row by row. */
export const rows: readonly Row[] = [
  [
    'POST member by the sharer',
    s => calls(s.ground).post(sharer, s.backup.id, [recipient.projectId]),
    { ...all('6703'), none: 'P' },
    'share.added',
  ],
  [
    'POST member by the recipient',
    s => calls(s.ground).post(recipient, s.backup.id, [other.projectId]),
    { ...all('6714'), none: '6200', J: '6200' },
  ],
  ['POST member by others', s => calls(s.ground).post(other, s.backup.id, [recipient.projectId]), all('6200')],
  [
    'PUT accepted with the vault',
    s => calls(s.ground).put(recipient, s.backup.id, accept(s)),
    { none: '6705', P: 'A', A: 'A', 'A+img': 'A+img', J: 'A' },
    'share.accepted',
  ],
  [
    'PUT accepted with another vault',
    s => calls(s.ground).put(recipient, s.backup.id, accept({ vault: s.spare })),
    { none: '6705', P: 'A', A: '6706', 'A+img': '6706', J: 'A' },
    'share.accepted',
  ],
  [
    'PUT accepted without vault',
    s => calls(s.ground).put(recipient, s.backup.id, { status: 'accepted' }),
    { ...all('6706'), none: '6705' },
  ],
  [
    'PUT rejected',
    s => calls(s.ground).put(recipient, s.backup.id, { status: 'rejected', vault_id: null }),
    { none: '6705', P: 'J', A: 'J', 'A+img': '6710', J: 'J' },
    'share.rejected',
  ],
  [
    'PUT pending',
    s => calls(s.ground).put(recipient, s.backup.id, { status: 'pending' }),
    { none: '6705', P: 'P', A: '6706', 'A+img': '6706', J: 'P' },
    'share.reopened',
  ],
  [
    'PUT by the sharer',
    s => calls(s.ground).put(sharer, s.backup.id, accept(s), recipient.projectId),
    { ...all('6708'), none: '6705' },
  ],
  [
    'PUT by others',
    s => calls(s.ground).put(other, s.backup.id, accept(s), recipient.projectId),
    { ...all('6200'), none: '6705' },
  ],
  [
    'GET member by the sharer',
    s => calls(s.ground).get(sharer, s.backup.id, recipient.projectId),
    { ...same, none: '6705' },
  ],
  ['GET members by the sharer', s => calls(s.ground).list(sharer, s.backup.id), same],
  [
    'GET member by the recipient',
    s => calls(s.ground).get(recipient, s.backup.id, recipient.projectId),
    { ...same, none: '6200' },
  ],
  ['GET members by the recipient', s => calls(s.ground).list(recipient, s.backup.id), { ...same, none: '6200' }],
  ['GET member by others', s => calls(s.ground).get(other, s.backup.id, recipient.projectId), all('6200')],
  ['GET members by others', s => calls(s.ground).list(other, s.backup.id), all('6200')],
  [
    'DELETE member by the sharer',
    s => calls(s.ground).remove(sharer, s.backup.id, recipient.projectId),
    { none: '6705', P: 'none', A: 'none', 'A+img': '6710', J: 'none' },
    'share.removed',
  ],
  [
    'DELETE member by the recipient',
    s => calls(s.ground).remove(recipient, s.backup.id, recipient.projectId),
    { ...all('6707'), none: '6200' },
  ],
  ['DELETE member by others', s => calls(s.ground).remove(other, s.backup.id, recipient.projectId), all('6200')],
  [
    'recipient registers an image',
    image,
    { none: '6200', P: '6208', A: 'A+img', 'A+img': '6210', J: '6208' },
    'share.image_registered',
  ],
  [
    'recipient deletes the image',
    async s => {
      const [made] = await s.ground.catalog.read(({ images }) => images.ofBackups([s.backup.id]))
      await deleteImage(s.ground.ports, recipient, made?.id ?? '')
    },
    { 'A+img': 'A' },
    'share.image_deleted',
  ],
  [
    'DELETE backup by the sharer',
    s => deleteBackup(s.ground.ports, sharer, toBackup(s, sharer)),
    { ...all('none'), 'A+img': '6710' },
    'share.withdrawn',
  ],
  [
    'DELETE backup by the recipient',
    s => deleteBackup(s.ground.ports, recipient, toBackup(s, recipient)),
    { none: '6200', P: '6201', A: 'J', 'A+img': '6710', J: '6200' },
    'share.rejected',
  ],
  [
    'DELETE the accepting vault',
    s =>
      deleteVault(s.ground.ports, recipient, {
        path: { project_id: recipient.projectId, vault_id: s.vault.id },
        query: {},
        body,
      }),
    { A: 'J', 'A+img': '6204' },
    'share.rejected',
  ],
  [
    "DELETE the sharer's vault",
    s =>
      deleteVault(s.ground.ports, sharer, {
        path: { project_id: sharer.projectId, vault_id: s.sharersVault.id },
        query: {},
        body,
      }),
    { ...all('none'), 'A+img': '6710' },
    'share.withdrawn',
  ],
]
