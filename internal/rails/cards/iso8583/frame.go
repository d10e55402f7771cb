package iso8583

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"time"
)

// A frame is a message behind its length: two bytes, big-endian, not counting
// themselves.
const headerBytes = 2

// errOversized closes a connection whose peer announces more than it may send.
var errOversized = errors.New("iso8583: a message is longer than allowed")

// readFrame waits up to idle for a message to begin and then up to whole for
// the rest of it: a peer that sends a byte now and then holds nothing for long.
// An empty frame, which some peers send to keep a connection, is skipped.
func readFrame(c net.Conn, longest int, idle, whole time.Duration) ([]byte, error) {
	var header [headerBytes]byte
	for {
		if err := c.SetReadDeadline(time.Now().Add(idle)); err != nil {
			return nil, err
		}
		if _, err := io.ReadFull(c, header[:1]); err != nil {
			return nil, err
		}
		if err := c.SetReadDeadline(time.Now().Add(whole)); err != nil {
			return nil, err
		}
		if _, err := io.ReadFull(c, header[1:]); err != nil {
			return nil, err
		}
		length := int(binary.BigEndian.Uint16(header[:]))
		if length > longest {
			return nil, errOversized
		}
		if length == 0 {
			continue
		}
		message := make([]byte, length)
		_, err := io.ReadFull(c, message)
		return message, err
	}
}

// writeFrame sends a message, or gives up after the bound.
func writeFrame(c net.Conn, message []byte, bound time.Duration) error {
	if err := c.SetWriteDeadline(time.Now().Add(bound)); err != nil {
		return err
	}
	_, err := c.Write(append(binary.BigEndian.AppendUint16(make([]byte, 0, headerBytes+len(message)), uint16(len(message))), message...))
	return err
}
