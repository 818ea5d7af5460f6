import { expect } from 'chai'
import type { FactName } from '../../src/features/catalogue.ts'
import { reaches } from '../../src/features/catalogue.ts'
import { startApp, type TestApp } from '../support/app.ts'

// A fact that is added to a contract does not compile until it stands here.
const told: Record<FactName, true> = {
  'session:ready': true,
  'session:expiring': true,
  'session:revoked': true,
  'session:resync': true,
  'server:draining': true,
  'creator:followed': true,
  'report:opened': true,
  'clock:moved': true,
  'wallet:changed': true,
  'membership:changed': true,
  'payout:updated': true,
  'payment:updated': true,
  'tip:received': true,
  'tip:announced': true,
  'tip:moderated': true,
  'goal:updated': true,
  'live:updated': true,
  'message:created': true,
  'message:updated': true,
  'message:deleted': true,
  'message:hidden': true,
  'message:mentioned': true,
  'message:pinned': true,
  'reminder:due': true,
  'reaction:changed': true,
  'receipt:updated': true,
  'typing:changed': true,
  'conversation:updated': true,
  'presence:changed': true,
  'announcement:updated': true,
  'message:held': true,
  'message:decided': true,
  'overlay:state': true,
  'alert:play': true,
  'alert:skip': true,
  'overlay:config-updated': true,
  'overlay:token-rotated': true,
  'overlay:connected': true,
  'alert:queue-updated': true,
}

describe('the catalogue', () => {
  let app: TestApp

  before(async () => {
    app = await startApp()
  })
  after(() => app.stop())

  it('has a schema for every fact of the contracts, once', () => {
    const names = app.app.features.flatMap((feature) => feature.facts.map((fact) => fact.name))
    expect(names.toSorted()).to.deep.equal(Object.keys(told).toSorted())
  })

  it('has a row for every operation of the contracts, reached by the route and the door that the contract names, with a key where it says so', () => {
    const rows = app.app.features.flatMap((feature) => feature.operations)
    const said = rows.map(({ name, route, door, once, repeatable }) => [name, { route, ...(door ? { door } : {}), ...(once ? { once } : {}), ...(repeatable ? { repeatable } : {}) }] as const)
    expect(Object.fromEntries(said)).to.deep.equal(reaches)
    expect(rows).to.have.length(Object.keys(reaches).length)
  })
})
