/**
 * What the test knows of the service's state from the answers it got: after a crash the service has to agree with all
 * that was acknowledged, and to be on one of two sides of what was not.
 */
import { join } from 'node:path'
import type { Client } from './client.ts'
import { changeDisk, hashOf } from './disks.ts'
import type { Random } from './random.ts'

export type ShareState = 'none' | 'pending' | 'accepted' | 'rejected'

export interface KnownBackup {
  readonly id: string
  readonly kind: 'server' | 'disk'
  /** SHA-256 of each disk as it was, by the disk's name. */
  readonly content: Readonly<Record<string, string>>
  /** False once its deletion was acknowledged; 'perhaps' when that call was not answered. */
  kept: boolean | 'perhaps'
  /** All states the share with beta may be in. */
  share: ReadonlySet<ShareState>
}

export interface Site {
  readonly folder: string
  readonly serverId: string
  readonly diskId: string
  readonly vaults: {
    readonly server: string
    readonly disk: string
    readonly serverOfBob: string
    readonly diskOfBob: string
  }
  /** Files by resource, then by disk name. */
  readonly files: Readonly<Record<'server' | 'disk', readonly string[]>>
}

export class World {
  readonly site: Site
  readonly backups = new Map<string, KnownBackup>()
  /** What a checkpoint would contain whose backups nobody has named to us. */
  readonly unanswered: { kind: 'server' | 'disk'; content: Readonly<Record<string, string>> }[] = []
  readonly counts: Record<string, number> = {}
  /** The content the lone disk must have once all tasks have ended, where that is known. */
  diskContent: string | undefined

  constructor(site: Site) {
    this.site = site
  }

  /** One random action. Throws Gone when the service died under it; the ledger then holds both outcomes. */
  async act(alice: Client, bob: Client, random: Random): Promise<void> {
    const actions = [
      this.backUp,
      this.backUp,
      this.share,
      this.share,
      this.accept,
      this.accept,
      this.decline,
      this.revoke,
      this.restore,
      this.erase,
      this.fillVolume,
    ]
    const action = random.pick(actions)
    if (!action) return
    this.counts[action.name] = (this.counts[action.name] ?? 0) + 1
    await action.call(this, alice, bob, random)
  }

  private async backUp(alice: Client, _bob: Client, random: Random): Promise<void> {
    const kind = random.below(2) === 0 ? 'server' : 'disk'
    const vaultId = this.site.vaults[kind]
    if (!(await idle(alice, vaultId))) return
    const content: Record<string, string> = {}
    for (const name of this.site.files[kind]) {
      const path = join(this.site.folder, name)
      await changeDisk(path, random)
      content[name] = await hashOf(path)
    }
    if (kind === 'disk') this.diskContent = content[this.site.files.disk[0] ?? '']
    this.unanswered.push({ kind, content })
    const made = await alice.call('POST', '/v3/{project_id}/checkpoints', {
      checkpoint: { vault_id: vaultId, parameters: {} },
    })
    if (made.status !== 200) throw new Error(`checkpoint refused: ${JSON.stringify(made)}`)
    const listed = await alice.call('GET', `/v3/{project_id}/backups?checkpoint_id=${made.body.checkpoint.id}`)
    for (const backup of listed.body.backups) this.learn(backup.id, kind, content)
    this.unanswered.pop()
  }

  learn(id: string, kind: 'server' | 'disk', content: Readonly<Record<string, string>>): void {
    this.backups.set(id, { id, kind, content, kept: true, share: new Set<ShareState>(['none']) })
  }

  private share(alice: Client, bob: Client, random: Random): Promise<void> {
    const body = { members: [bob.projectId] }
    return this.change(random, ['none'], 'pending', backup =>
      alice.call('POST', `/v3/{project_id}/backups/${backup.id}/members`, body),
    )
  }

  private accept(_alice: Client, bob: Client, random: Random): Promise<void> {
    return this.change(random, ['pending', 'rejected'], 'accepted', backup => {
      const vaultId = backup.kind === 'server' ? this.site.vaults.serverOfBob : this.site.vaults.diskOfBob
      return bob.call('PUT', `/v3/{project_id}/backups/${backup.id}/members/${bob.projectId}`, {
        status: 'accepted',
        vault_id: vaultId,
      })
    })
  }

  private decline(_alice: Client, bob: Client, random: Random): Promise<void> {
    return this.change(random, ['pending', 'accepted'], 'rejected', backup =>
      bob.call('PUT', `/v3/{project_id}/backups/${backup.id}/members/${bob.projectId}`, { status: 'rejected' }),
    )
  }

  private revoke(alice: Client, bob: Client, random: Random): Promise<void> {
    return this.change(random, ['pending', 'accepted', 'rejected'], 'none', backup =>
      alice.call('DELETE', `/v3/{project_id}/backups/${backup.id}/members/${bob.projectId}`),
    )
  }

  /** Moves one share from one of these states to another, or notes that it may have moved. */
  private async change(
    random: Random,
    from: readonly ShareState[],
    to: ShareState,
    call: (backup: KnownBackup) => Promise<{ status: number }>,
  ): Promise<void> {
    const backup = random.pick(
      [...this.backups.values()].filter(known => known.kept === true && from.some(state => known.share.has(state))),
    )
    if (!backup) return
    const before = backup.share
    backup.share = new Set([...before, to])
    const { status } = await call(backup)
    backup.share = status < 300 ? new Set([to]) : before
  }

  /** Back onto the disk it came from; the disk then holds what the backup holds. */
  private async restore(alice: Client, _bob: Client, random: Random): Promise<void> {
    const backup = random.pick([...this.backups.values()].filter(known => known.kept === true && known.kind === 'disk'))
    if (!backup || !(await idle(alice, this.site.vaults.disk))) return
    this.diskContent = undefined
    const { status } = await alice.call('POST', `/v3/{project_id}/backups/${backup.id}/restore`, {
      restore: { volume_id: this.site.diskId },
    })
    if (status === 202) this.diskContent = Object.values(backup.content)[0]
  }

  private async erase(alice: Client, _bob: Client, random: Random): Promise<void> {
    const backup = random.pick([...this.backups.values()].filter(known => known.kept === true))
    if (!backup || this.backups.size < 3) return
    backup.kept = 'perhaps'
    const { status } = await alice.call('DELETE', `/v3/{project_id}/backups/${backup.id}`)
    backup.kept = status !== 204
  }

  private async fillVolume(_alice: Client, bob: Client, random: Random): Promise<void> {
    const backup = random.pick(
      [...this.backups.values()].filter(
        known => known.kept === true && known.kind === 'disk' && known.share.has('accepted'),
      ),
    )
    if (!backup) return
    await bob.call('POST', '/volume/v3/{project_id}/volumes', { volume: { name: 'from-share', backup_id: backup.id } })
  }
}

/** Nothing is running on the vault's resources, so that their disks may be written. */
export async function idle(alice: Client, vaultId: string): Promise<boolean> {
  const { status, body } = await alice.call('GET', `/v3/{project_id}/vaults/${vaultId}`)
  if (status !== 200) throw new Error(`vault ${vaultId}: ${status}`)
  return body.vault.resources.every((resource: { protect_status: string }) => resource.protect_status === 'available')
}
