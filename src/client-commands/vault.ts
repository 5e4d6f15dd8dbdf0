import { type Command, Option } from 'commander'
import { type Cbr, had } from '../client/cbr.ts'
import { ClientFailure } from '../client/failures.ts'
import type { ResourceCreate, Vault, VaultCreate } from '../contract/operations.gen.ts'
import { allVaults, oneOf, oneResource, type ResourceKind, vaultId } from './find.ts'
import { clean, detailed, kind, listed, moment, type Shown, said } from './shown.ts'
import { several, wholeNumber } from './values.ts'
import { noun, verb } from './verb.ts'

interface NewVault {
  readonly for: ResourceKind
  readonly size: number
  readonly resource: readonly string[]
  readonly policy?: string
  readonly replicas: boolean
}

export function addVaultCommands(program: Command): void {
  const vault = noun(program, 'vault', 'what is protected, and the room for its backups')
  verb(vault, 'list', 'the vaults of the project', async cbr => listed(await allVaults(cbr), columns))
  verb(vault, 'show <vault>', 'a vault and what is in it', async (cbr, given: string) =>
    showVault(await found(cbr, given)),
  )
  verb(vault, 'create <name>', 'make a vault', createVault)
    .addOption(new Option('--for <kind>', 'what it takes').choices(['server', 'disk']).default('server'))
    .requiredOption('--size <gb>', 'how much room, GB', wholeNumber)
    .option('--resource <resource>', 'a server or disk to put into it; may be repeated', several, [])
    .option('--replicas', 'it takes replicas of other vaults and nothing else', false)
  verb(vault, 'delete <vault>', 'delete a vault with all backups in it', async (cbr, given: string) => {
    const id = await vaultId(cbr, given)
    await cbr.call('DeleteVault', { path: { vault_id: id } })
    return said(`the vault ${id} and its backups are being deleted`, { vault_id: id })
  })
  verb(vault, 'add-resource <vault> <resource...>', 'protect servers or disks', addResources)
  verb(
    vault,
    'remove-resource <vault> <resource...>',
    'protect them no more, and delete their backups',
    removeResources,
  )
}

const columns = {
  id: (vault: Vault) => vault.id,
  name: (vault: Vault) => vault.name,
  type: ({ billing }: Vault) => (billing.protect_type === 'backup' ? billing.object_type : billing.protect_type),
  status: (vault: Vault) => vault.billing.status,
  'size GB': (vault: Vault) => vault.billing.size,
  'used MB': (vault: Vault) => vault.billing.used,
  resources: (vault: Vault) => vault.resources.length,
}

const found = async (cbr: Cbr, given: string): Promise<Vault> => {
  const path = { vault_id: await vaultId(cbr, given) }
  return had((await cbr.call('ShowVault', { path })).vault, 'a vault')
}

function showVault(vault: Vault): Shown {
  const { billing, resources } = vault
  const facts = detailed(vault, {
    id: vault.id,
    name: vault.name,
    description: vault.description,
    type: `${billing.object_type} ${billing.protect_type}`,
    status: billing.status,
    size: `${billing.size} GB`,
    used: `${billing.used} MB`,
    locked: vault.locked || undefined,
    created: moment(vault.created_at),
  })
  if (resources.length === 0) return facts
  const within = listed(resources, {
    resource: ({ id }) => id,
    name: ({ name }) => name,
    type: ({ type }) => kind(type),
    status: resource => resource.protect_status,
    backups: resource => resource.backup_count,
  })
  return { ...facts, text: `${facts.text}\n\n${within.text}` }
}

async function createVault(cbr: Cbr, name: string, options: NewVault): Promise<Shown> {
  const order: VaultCreate = {
    name,
    billing: {
      object_type: options.for,
      protect_type: options.replicas ? 'replication' : 'backup',
      consistent_level: 'crash_consistent',
      size: options.size,
    },
    resources: await resourcesNamed(cbr, options.resource, options.for),
  }
  const { vault } = await cbr.call('CreateVault', { body: { vault: order } })
  return showVault(had(vault, 'a vault'))
}

async function addResources(cbr: Cbr, given: string, names: readonly string[]): Promise<Shown> {
  const { id, name, billing } = await found(cbr, given)
  const resources = await resourcesNamed(cbr, names, billing.object_type === 'disk' ? 'disk' : 'server')
  const { add_resource_ids: added } = await cbr.call('AddVaultResource', {
    path: { vault_id: id },
    body: { resources },
  })
  return said(`in the vault ${clean(name)}: ${(added ?? []).join(', ')}`, { vault_id: id, resource_ids: added ?? [] })
}

async function removeResources(cbr: Cbr, given: string, names: readonly string[]): Promise<Shown> {
  const { id, name, resources } = await found(cbr, given)
  if (resources.length === 0) throw new ClientFailure(`nothing is in the vault ${name}`)
  const ids = names.map(each => oneOf('resource', each, resources).id)
  await cbr.call('RemoveVaultResource', { path: { vault_id: id }, body: { resource_ids: ids } })
  return said(`being taken out of the vault ${clean(name)}, with their backups: ${ids.join(', ')}`, {
    vault_id: id,
    resource_ids: ids,
  })
}

async function resourcesNamed(
  cbr: Cbr,
  names: readonly string[],
  of: ResourceKind,
): Promise<readonly ResourceCreate[]> {
  const resources: ResourceCreate[] = []
  for (const name of names) {
    const { id, type } = await oneResource(cbr, name, of)
    resources.push({ id, type })
  }
  return resources
}
