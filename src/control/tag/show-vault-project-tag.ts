import type { UseCase } from '../use-case.ts'

/** Every key in use on vaults of the project, with all its values; both in order. */
export const showVaultProjectTag: UseCase<'ShowVaultProjectTag', 'catalog'> = async (ports, caller) => {
  const tags = await ports.catalog.read(records => records.tags.ofProject(caller.projectId))
  const byKey = [...Map.groupBy(tags, tag => tag.key)].toSorted(([one], [other]) => (one < other ? -1 : 1))
  return {
    tags: byKey.map(([key, of]) => ({ key, values: [...new Set(of.map(tag => tag.value))].toSorted() })),
  }
}
