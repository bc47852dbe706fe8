await phone.disconnect();
