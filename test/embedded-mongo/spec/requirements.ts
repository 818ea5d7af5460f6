import type { MongoClient } from 'mongodb'
import type { Requirement, SpecCase, SpecFile } from './format.ts'

/** What a case may ask of a deployment. */
export interface Facts {
  version: string
  topology: 'single' | 'replicaset' | 'sharded'
  auth: boolean
}

/** Asks a live deployment. */
export async function factsOf(client: MongoClient): Promise<Facts> {
  const admin = client.db('admin')
  const [hello, build] = [await admin.command({ hello: 1 }), await admin.command({ buildInfo: 1 })]
  const topology = hello.msg === 'isdbgrid' ? 'sharded' : hello.setName ? 'replicaset' : 'single'
  return { version: build.version, topology, auth: client.options.credentials !== undefined }
}

/** True when neither the file nor the case rules this deployment out; each list of requirements is met by any one of its rows. */
export function applies(file: SpecFile, test: SpecCase, facts: Facts): boolean {
  return test.skipReason === undefined && meetsAny(file.runOnRequirements, facts) && meetsAny(test.runOnRequirements, facts)
}

/** Below 0, 0 or above 0, comparing dotted numbers; missing parts count as 0. */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [left, right].map((version) => version.split('-')[0]!.split('.').map(Number)) as [number[], number[]]
  for (let part = 0; part < Math.max(a.length, b.length); part++) {
    const difference = (a[part] ?? 0) - (b[part] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

function meetsAny(requirements: Requirement[] | undefined, facts: Facts): boolean {
  return requirements === undefined || requirements.some((requirement) => meets(requirement, facts))
}

function meets(requirement: Requirement, facts: Facts): boolean {
  return Object.entries(requirement).every(([name, wanted]) => {
    switch (name as keyof Requirement) {
      case 'minServerVersion':
        return compareVersions(facts.version, wanted) >= 0
      case 'maxServerVersion':
        return compareVersions(facts.version, wanted) <= 0
      case 'topologies':
        return wanted.includes(facts.topology)
      case 'serverless':
        return wanted !== 'require'
      case 'auth':
        return wanted === facts.auth
      case 'csfle':
        return wanted === false
      default:
        throw new Error(`the runner does not know the requirement ${name}`)
    }
  })
}
