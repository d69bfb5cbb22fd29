// A page that is only read: nothing of it moves but what is lit.
const state = { factor: null };
const lead = pin, bringFactor = () => {};
$("#theme").addEventListener("click", changeTheme);
