import { refuse } from '../../contract/errors.ts'
import type { UseCase } from '../use-case.ts'

/**
 * Whose project that is. Only who might share with it, or is linked to it by a share in either direction, learns more
 * than that there is no such project (semantics 8.10).
 */
export const showDomain: UseCase<'ShowDomain', 'identity' | 'catalog' | 'mayCall'> = async (
  ports,
  caller,
  { path },
) => {
  const { source_project_id: id } = path
  const project = await ports.identity.project(id)
  const visible =
    id === caller.projectId ||
    ports.mayCall(caller, 'cbr:member:create') ||
    (await ports.catalog.read(({ members }) => members.linked(caller.projectId, id)))
  if (!project || !visible) refuse('6302', { project: id })
  return {
    project_id: project.id,
    project_name: project.name,
    domain_id: project.domainId,
    domain_name: project.domainName,
  }
}
