import type { UseCase } from '../use-case.ts'
import { featuresOf } from './feature-table.ts'

export const listFeatures: UseCase<'ListFeatures', 'settings' | 'replicas'> = async ports =>
  featuresOf(ports.settings, ports.replicas)
