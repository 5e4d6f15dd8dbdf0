import type { UseCase } from '../use-case.ts'

/** The caller's projects, as the identity service lists them (semantics 16). */
export const listProjects: UseCase<'ListProjects', 'identity'> = async (ports, caller) => {
  const projects = await ports.identity.projectsOfUser(caller.userId)
  return {
    projects: projects.map(project => ({
      id: project.id,
      name: project.name,
      description: project.description,
      domain_id: project.domainId,
      parent_id: project.domainId,
      is_domain: false,
      enabled: project.enabled,
      links: { self: `/identity/v3/projects/${project.id}` },
    })),
    links: { self: '/identity/v3/auth/projects' },
  }
}
