import t from 'tap';
import {
  AddressCounter, canonicalAddress, countedBy, TrustedProxies,
} from '../../../src/rpc/address.js';

t.test('an address has one spelling', async (t) => {
  t.equal(canonicalAddress('10.1.2.3'), '10.1.2.3');
  t.equal(canonicalAddress('::ffff:10.1.2.3'), '10.1.2.3');
  t.equal(canonicalAddress('0000:0000:0000:0000:0000:ffff:7f00:0001'), '127.0.0.1');
  t.equal(canonicalAddress('0000:0000:0000:0000:0000:0000:0000:0001'), '0:0:0:0:0:0:0:1');
  t.equal(canonicalAddress('2001:db8::1'), '2001:db8:0:0:0:0:0:1');
  t.equal(canonicalAddress('::'), '0:0:0:0:0:0:0:0');
  t.equal(canonicalAddress('fe80::1%eth0'), 'fe80:0:0:0:0:0:0:1');
  t.equal(canonicalAddress('10.1.2.3:80'), undefined);
  t.equal(canonicalAddress('unknown'), undefined);
});

t.test('X-Forwarded-For from anyone but a trusted proxy changes nothing', async (t) => {
  t.equal(new TrustedProxies([]).caller('127.0.0.1', '1.2.3.4'), '127.0.0.1');
  t.equal(new TrustedProxies(['10.0.0.1']).caller('10.0.0.2', '1.2.3.4'), '10.0.0.2');
});

t.test('the caller is the rightmost address that is no trusted proxy', async (t) => {
  const proxies = new TrustedProxies(['10.0.0.0/8', '::1']);
  t.equal(proxies.caller('10.0.0.1', '1.2.3.4'), '1.2.3.4');
  t.equal(proxies.caller('10.0.0.1', '9.9.9.9, 1.2.3.4'), '1.2.3.4', 'what the caller wrote');
  t.equal(proxies.caller('10.0.0.1', '1.2.3.4, 10.2.2.2'), '1.2.3.4', 'through two proxies');
  t.equal(proxies.caller('::1', '2001:db8::7'), '2001:db8:0:0:0:0:0:7');
  t.equal(proxies.caller('::ffff:10.0.0.1', '1.2.3.4'), '1.2.3.4');
  t.equal(proxies.caller('10.0.0.1', '10.0.0.9'), '10.0.0.9', 'a proxy that calls itself');
  t.equal(proxies.caller('10.0.0.1', '1.2.3.4, rubbish'), '10.0.0.1', 'no guess past rubbish');
  t.equal(proxies.caller('10.0.0.1', ''), '10.0.0.1');
});

t.test('a proxy that is no address is refused when it is configured', async (t) => {
  for (const wrong of ['proxy', '10.0.0.0/33', '::1/129', '10.0.0.0/x', '']) {
    t.throws(() => new TrustedProxies([wrong]), RangeError, wrong);
  }
});

t.test('connections are counted by address, and IPv6 by its network', async (t) => {
  const counter = new AddressCounter(2);
  for (const address of ['1.1.1.1', '1.1.1.1']) {
    t.ok(counter.hasRoom(address));
    counter.add(address);
  }
  t.notOk(counter.hasRoom('1.1.1.1'));
  t.ok(counter.hasRoom('1.1.1.2'));
  counter.remove('1.1.1.1');
  t.ok(counter.hasRoom('1.1.1.1'));
  counter.remove('1.1.1.1');
  counter.remove('1.1.1.1');
  t.equal(counter.size, 0, 'nothing is kept for nobody');
  counter.add('2001:db8:0:0:0:0:0:1');
  counter.add('2001:db8:0:0:0:0:0:2');
  t.notOk(counter.hasRoom('2001:db8:0:0:0:0:0:3'));
  t.ok(counter.hasRoom('2001:db8:0:1:0:0:0:3'));
  t.equal(countedBy('1.2.3.4'), '1.2.3.4');
  t.ok(new AddressCounter(0).hasRoom('1.1.1.1'));
});
