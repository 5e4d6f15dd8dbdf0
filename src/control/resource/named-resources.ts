import { refuse } from '../../contract/errors.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { ResourceRecord } from '../../ports/catalog/resource.ts'

/** The vault's resources of these ids: 6135 for what is not in it, 6134 for what is being removed. */
export async function namedResources(
  records: Pick<Records, 'resources'>,
  vaultId: string,
  ids: readonly string[],
): Promise<readonly ResourceRecord[]> {
  const inside = new Map((await records.resources.of([vaultId])).map(resource => [resource.id, resource]))
  const named = ids.map(id => inside.get(id) ?? refuse('6135', { resource: id, vault: vaultId }))
  const going = named.find(resource => resource.protectStatus === 'removing')
  if (going !== undefined) refuse('6134', { resource: going.id })
  return named
}
