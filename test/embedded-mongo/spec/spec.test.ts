import { expect } from 'chai'
import { openDeployment } from './deployment.ts'
import type { Deployment } from './deployment.ts'
import { factsOf } from './requirements.ts'
import type { Facts } from './requirements.ts'
import { settings } from './settings.ts'
import { crudSkips, transactionSkips } from './skip-list.ts'
import type { Skip } from './skip-list.ts'
import { defineSuite } from './suite.ts'

describe('MongoDB driver specifications', () => {
  let deployment: Deployment
  let facts: Facts

  before(async function () {
    this.timeout(20_000)
    deployment = await openDeployment()
    facts = await factsOf(deployment.admin)
  })

  after(() => deployment?.close())

  it('are run against a replica set, which the embedded store says it is, of version 7.0', () => {
    expect(facts.topology).to.equal('replicaset')
    if (!settings.uri) expect(facts.version).to.match(/^7\.0\./)
  })

  defineSuite({
    name: 'transactions',
    data: settings.data,
    skips: transactionSkips.filter(holdsHere),
    stage: () => ({ deployment, facts }),
  })
  defineSuite({ name: 'crud', data: settings.data, skips: crudSkips.filter(holdsHere), stage: () => ({ deployment, facts }) })
})

function holdsHere(skip: Skip): boolean {
  return skip.because === 'driver' || settings.uri === undefined
}
