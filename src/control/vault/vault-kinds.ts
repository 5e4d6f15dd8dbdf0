/** What follows from a vault's type: provider, spec code, the resources it takes (semantics 3.3, 4.1). */
import type { ObjectType, VaultRecord } from '../../ports/catalog/vault.ts'

/** The vendor's ids; for workspace, rds and file, which have no published one, ids of our own. */
const PROVIDERS: Readonly<Record<ObjectType, string>> = {
  server: '0daac4c5-6707-4851-97ba-169e36266b66',
  disk: 'd1603440-187d-4516-af25-121250c7cc97',
  turbo: '3f3c3220-245c-4805-b811-758870015881',
  vmware: 'a13639de-00be-4e94-af30-26912d75e4a2',
  workspace: '5d2f6b0e-8a53-4f0c-9c1e-6f1f3d0f7a21',
  rds: '9b7c1c84-2f0e-4a52-8f0d-0c4c6a3f5e17',
  file: 'c6a0f4d8-1b39-4c87-a8a5-7d2e9b4f6c03',
}

const SPEC_CODES: Readonly<Record<ObjectType, string>> = {
  server: 'vault.backup.server.normal',
  disk: 'vault.backup.volume.normal',
  turbo: 'vault.backup.turbo.normal',
  rds: 'vault.backup.rds.normal',
  workspace: 'vault.backup.workspace.normal',
  vmware: 'vault.hybrid.server.normal',
  file: 'vault.hybrid.server.normal',
}

/** Every resource type of the contract, and the vaults that take it. Only servers and disks exist here. */
const TAKEN_BY: ReadonlyMap<string, readonly ObjectType[]> = new Map([
  ['OS::Nova::Server', ['server']],
  ['OS::Ironic::BareMetalServer', ['server']],
  ['OS::Native::Server', ['vmware', 'file']],
  ['OS::Cinder::Volume', ['disk']],
  ['OS::Sfs::Turbo', ['turbo']],
  ['OS::Workspace::DesktopV2', ['workspace']],
])

/** The vault types that take resources of this type; undefined for a type that does not exist. */
export const vaultTypesFor = (resourceType: string): readonly ObjectType[] | undefined => TAKEN_BY.get(resourceType)

/** The object type of that name, if it is one. */
export const objectTypeNamed = (name: string): ObjectType | undefined =>
  (Object.keys(PROVIDERS) as ObjectType[]).find(type => type === name)

/** The provider that a vault of this type, and its backups and operation logs, name. */
export const providerOf = (objectType: ObjectType): string => PROVIDERS[objectType]

export function specCodeOf(
  vault: Pick<VaultRecord, 'objectType' | 'protectType' | 'cloudType' | 'consistentLevel'>,
): string {
  if (vault.protectType === 'replication') return 'vault.replication.server.normal'
  if (vault.cloudType === 'hybrid') return 'vault.hybrid.server.normal'
  if (vault.objectType === 'server' && vault.consistentLevel === 'app_consistent') {
    return 'vault.backup.database.normal'
  }
  return SPEC_CODES[vault.objectType]
}
