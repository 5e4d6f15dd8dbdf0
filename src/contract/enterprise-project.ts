/** Everything belongs to it that names no other (semantics 1.4). */
export const DEFAULT_ENTERPRISE_PROJECT = '0'

/** What a caller names who wants all that he may see. */
const ALL = 'all_granted_eps'

/** The enterprise project that a list is to be narrowed to; undefined where it is not. */
export const enterpriseProjectAsked = (given: string | undefined): string | undefined =>
  given === ALL || given === '' ? undefined : given
