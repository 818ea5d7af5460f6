// For mongosh --nodb, as often as one likes: what is done already is left as it is.
const members = ['mongo-1:27017', 'mongo-2:27017', 'mongo-3:27017']
const secret = (name) => encodeURIComponent(process.env[name])
const admin = connectPatiently(`mongodb://root:${secret('MONGO_ROOT_PASSWORD')}@${members[0]}/admin?directConnection=true`)

try {
  admin.adminCommand({ replSetInitiate: { _id: 'rs0', members: members.map((host, _id) => ({ _id, host })) } })
} catch (error) {
  if (error.codeName !== 'AlreadyInitialized') throw error
}
waitFor('a primary', () => admin.adminCommand({ hello: 1 }).primary)

const set = connectPatiently(`mongodb://root:${secret('MONGO_ROOT_PASSWORD')}@${members.join(',')}/admin?replicaSet=rs0`)
const user = {
  pwd: process.env.MONGO_PASSWORD,
  // The last one lets the servers read serverStatus for their metrics, and nothing else.
  roles: [{ role: 'readWrite', db: 'ovation' }, { role: 'readWrite', db: 'ovation_sandbox' }, { role: 'clusterMonitor', db: 'admin' }],
}
if (set.getUser('ovation')) set.updateUser('ovation', user)
else set.createUser({ user: 'ovation', ...user })
print('The replica set stands and its user can sign in.')

function connectPatiently(uri) {
  return waitFor(members[0], () => {
    const db = new Mongo(uri).getDB('admin')
    return db.runCommand({ ping: 1 }).ok === 1 && db
  })
}

function waitFor(what, look) {
  for (let second = 0; second < 120; second++) {
    try {
      const found = look()
      if (found) return found
    } catch (error) {
      print(`waiting for ${what}: ${error.message}`)
    }
    sleep(1000)
  }
  throw new Error(`${what} did not come`)
}
