/** Sharing: what the wire calls a member of a backup is a project that the backup is shared with. */
import type { Command } from 'commander'
import { type Cbr, everyPage, had } from '../client/cbr.ts'
import { ClientFailure } from '../client/failures.ts'
import { ownProjects } from '../client/keystone.ts'
import type { BackupResp, Member } from '../contract/operations.gen.ts'
import { backupColumns } from './backup.ts'
import { allBackups, backupId, vaultId } from './find.ts'
import { clean, listed, moment, type Shown, said } from './shown.ts'
import { noun, verb } from './verb.ts'

export function addShareCommands(program: Command): void {
  const share = noun(program, 'share', 'backups that other projects may use, and theirs that this one may')
  verb(share, 'add <backup> <project...>', 'share a backup; a project is an id, a name, or DOMAIN/NAME', addShares)
  verb(share, 'list [backup]', 'with whom a backup is shared; without one: what is shared to this project', listShares)
  verb(share, 'accept <backup>', 'take a shared backup into a vault of this project', acceptShare).requiredOption(
    '--vault <vault>',
    'the vault, of the same kind as the backup',
  )
  verb(share, 'reject <backup>', 'turn a share down', async (cbr, given: string) => {
    const id = await backupId(cbr, given)
    const { member } = await answer(cbr, id, { status: 'rejected' })
    return said(`the share of the backup ${id} has been rejected`, member)
  })
  verb(
    share,
    'remove <backup> <project>',
    'share it with this project no more',
    async (cbr, given: string, to: string) => {
      const path = { backup_id: await backupId(cbr, given), member_id: await projectId(cbr, to) }
      await cbr.call('DeleteMember', { path })
      return said(`the backup ${path.backup_id} is no longer shared with the project ${path.member_id}`, path)
    },
  )
}

const memberColumns = {
  project: (member: Member) => member.dest_project_id,
  status: (member: Member) => member.status,
  vault: (member: Member) => member.vault_id,
  image: (member: Member) => member.image_id,
  shared: (member: Member) => moment(member.created_at),
}

async function addShares(cbr: Cbr, given: string, projects: readonly string[]): Promise<Shown> {
  const path = { backup_id: await backupId(cbr, given) }
  const members: string[] = []
  for (const project of projects) members.push(await projectId(cbr, project))
  const added = await cbr.call('AddMember', { path, body: { members } })
  return { ...listed(added.members ?? [], memberColumns), value: added }
}

async function listShares(cbr: Cbr, given: string | undefined): Promise<Shown> {
  if (given !== undefined) {
    const path = { backup_id: await backupId(cbr, given) }
    const members = await everyPage(async page => (await cbr.call('ShowMembersDetail', { path, query: page })).members)
    return listed(members, memberColumns)
  }
  const offers: Offer[] = []
  for (const share of ['pending', 'accepted'] as const)
    for (const backup of await allBackups(cbr, { own_type: 'shared', member_status: share }))
      offers.push({ ...backup, member_status: share })
  return listed(offers, offerColumns)
}

interface Offer extends BackupResp {
  readonly member_status: Member['status']
}

const offerColumns = {
  share: (offer: Offer) => offer.member_status,
  ...backupColumns,
  from: (offer: Offer) => offer.project_id,
  vault: (offer: Offer) => offer.vault_id,
}

async function acceptShare(cbr: Cbr, given: string, options: { readonly vault: string }): Promise<Shown> {
  const vault = await vaultId(cbr, options.vault)
  const id = await backupId(cbr, given)
  const { member } = await answer(cbr, id, { status: 'accepted', vault_id: vault })
  return said(
    `the backup ${id} is in the vault ${clean(options.vault)}: opencbr backup show ${id}`,
    had(member, 'a member'),
  )
}

/** Only the recipient answers a share, so that the member is always the own project. */
const answer = (cbr: Cbr, id: string, body: { readonly status: Member['status']; readonly vault_id?: string }) =>
  cbr.call('UpdateMemberStatus', { path: { backup_id: id, member_id: cbr.session.project.id }, body })

const PROJECT_ID = /^[0-9a-f]{32}$/

/** `NAME` is one of the user's own projects, or another of its domain. */
async function projectId(cbr: Cbr, given: string): Promise<string> {
  if (PROJECT_ID.test(given)) return given
  const [domain, name] = given.includes('/') ? splitAt(given) : [cbr.session.domain, given]
  if (domain === cbr.session.domain) {
    const own = (await ownProjects(cbr.session.authUrl, cbr.session.token)).find(project => project.name === name)
    if (own !== undefined) return own.id
  }
  const { projects = [] } = await cbr.call('ListDomainProjects', { path: { domain_name: domain } })
  const [found, ...more] = projects.filter(project => project.project_name === name)
  if (found?.project_id === undefined || more.length > 0)
    throw new ClientFailure(`there is no project ${name} in the domain ${domain}`, {
      next: `name it by its id, or as DOMAIN/NAME`,
    })
  return found.project_id
}

const splitAt = (text: string): readonly [string, string] => {
  const at = text.indexOf('/')
  return [text.slice(0, at), text.slice(at + 1)]
}
