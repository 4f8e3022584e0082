// What a CRM does: it knows who is signed in and gets a token for the chat. In development a
// token is simply `login:role`.
const people = {
  'olena:supervisor': 'Olena · supervisor',
  'taras:operator': 'Taras · operator',
  'iryna:operator': 'Iryna · operator',
  'admin:admin': 'Administrator',
};
const asked = new URLSearchParams(location.search).get('user') ?? 'taras:operator';
globalThis.crmToken = () => asked;

const select = document.querySelector('#user');
for (const [token, name] of Object.entries({ [asked]: asked, ...people })) {
  select.append(new Option(name, token, token === asked, token === asked));
}
select.addEventListener('change', () => {
  location.search = new URLSearchParams({ user: select.value });
});
