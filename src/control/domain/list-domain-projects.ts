import { refuse } from '../../contract/errors.ts'
import type { UseCase } from '../use-case.ts'

/** The projects of an account, for who may share and looks for a recipient: the route's action is `cbr:member:create`. */
export const listDomainProjects: UseCase<'ListDomainProjects', 'identity'> = async (ports, _caller, { path }) => {
  const projects = await ports.identity.projectsOfDomain({ name: path.domain_name })
  if (!projects) refuse('6302', { domain: path.domain_name })
  return { projects: projects.map(({ id, name }) => ({ project_id: id, project_name: name })) }
}
