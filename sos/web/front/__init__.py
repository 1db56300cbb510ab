"""The hot path: the protocol of a public connection, which answers at once what is at hand.

In: bytes of a connection. Out: whole answers for plain requests whose page is in memory; everything
else goes, untouched, to aiohttp's own protocol object. `SOS_FRONT=off` leaves it all to aiohttp.

`head` reads one head, `answers` has the bytes to send, `connection` decides who is in charge of a
connection, `register` knows all of them and ends those that take too long.
"""
